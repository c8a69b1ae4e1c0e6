// Writes to the store of a directory until a write is refused, says what happened, and ends without closing it.
import { openStore } from '@memtable/disk';

const store = await openStore(process.argv[2]);
for (let made = 0; ; made++) {
  const key = `key ${String(made + 1).padStart(6, '0')}`;
  try {
    store.put(key, `value ${made + 1}`);
  } catch (error) {
    const read = store.get(`key ${String(made).padStart(6, '0')}`);
    process.stdout.write(JSON.stringify({ made, code: error.code, cause: error.cause?.code, read }));
    process.exit();
  }
}
