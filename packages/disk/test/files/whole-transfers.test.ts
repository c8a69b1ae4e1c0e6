import { readFully, type Transfer, writeFully } from '../../src/whole-transfers.js';

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

/** A system that does as it is told, call by call: so many bytes, or an error. Then it transfers everything. */
function scripted(steps: readonly (number | string)[]): { transfer: Transfer; moved: number[] } {
  const script = [...steps];
  const moved: number[] = [];
  return {
    moved,
    transfer(bytes, start, length) {
      const step = script.shift() ?? length;
      if (typeof step === 'string') throw systemError(step);
      moved.push(...bytes.subarray(start, start + step));
      return step;
    },
  };
}

const bytes = Uint8Array.from({ length: 50 }, (_, i) => i);

test.each([
  ['all at once', []],
  ['a byte at a time', Array<number>(50).fill(1)],
  ['short', [10, 39]],
  ['a signal comes between', ['EINTR', 20, 'EINTR', 'EINTR']],
  ['the system is busy', [20, 'EAGAIN', 'EAGAIN', 1]],
])('a write goes on until all is written: %s', (_, steps) => {
  const { transfer, moved } = scripted(steps);
  writeFully(transfer, bytes);
  expect(moved).toEqual([...bytes]);
});

test('what the system says is what the write fails with, after a part was written', () => {
  const { transfer, moved } = scripted([10, 'ENOSPC']);
  expect(() => writeFully(transfer, bytes)).toThrow(systemError('ENOSPC'));
  expect(moved).toHaveLength(10);
});

test('a system that takes nothing, or is busy for ever, is an error and no endless loop', () => {
  expect(() => writeFully(() => 0, bytes)).toThrow(expect.objectContaining({ code: 'EIO' }) as Error);
  const busy = (): number => {
    throw systemError('EAGAIN');
  };
  expect(() => writeFully(busy, bytes)).toThrow(expect.objectContaining({ code: 'EIO' }) as Error);
});

test('a read fills what it is given, or says that the file ends', () => {
  const read =
    (size: number): Transfer =>
    (to, start, length) => {
      const count = Math.min(7, length, size - start);
      for (let i = 0; i < count; i++) to[start + i] = start + i;
      return count;
    };
  const to = new Uint8Array(50);
  readFully(read(50), to);
  expect(to).toEqual(bytes);
  expect(() => readFully(read(49), to)).toThrow(expect.objectContaining({ code: 'EIO' }) as Error);
});
