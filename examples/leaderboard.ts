/**
 * A leaderboard: the best players, a player's rank, and the players around a score.
 *
 * One store holds two indexes. `player/NAME` finds a score by name; `score/SCORE/NAME` sorts names by score. A batch
 * writes both or neither, so they always agree.
 */
import { MemStore } from '@memtable/store';

const store = new MemStore();

/** Keys sort as text, so a score takes ten digits. */
const scoreKey = (score: number, name = ''): string => `score/${String(score).padStart(10, '0')}/${name}`;

function setScore(name: string, score: number): void {
  const before = store.get(`player/${name}`);
  store.batch([
    ...(before === undefined ? [] : [{ type: 'del' as const, key: scoreKey(Number(before), name) }]),
    { type: 'put', key: scoreKey(score, name), value: '' },
    { type: 'put', key: `player/${name}`, value: String(score) },
  ]);
}

function top(limit: number): string[] {
  const keys = store.keys({ prefix: 'score/', reverse: true, limit });
  return [...keys].map((key) => {
    const [, score, name] = key.split('/');
    return `${name} ${Number(score)}`;
  });
}

/** 1 for the best player. Counting walks the better players, so it takes as long as the rank is deep. */
function rankOf(name: string): number | undefined {
  const score = store.get(`player/${name}`);
  return score === undefined ? undefined : store.count({ prefix: 'score/', gte: scoreKey(Number(score) + 1) }) + 1;
}

for (let i = 0; i < 1000; i++) setScore(`bot${i}`, i);
setScore('Ann', 800);
setScore('Bea', 2100);
setScore('Cem', 1500);
setScore('Ann', 1800); // replaces 800

console.log(`top: ${top(4).join(', ')}`);
console.log(`Cem is number ${rankOf('Cem')}, bot500 is number ${rankOf('bot500')}`);
console.log(`500 to 502: ${store.count({ gte: scoreKey(500), lt: scoreKey(503) })} players`);

// Prints:
// top: Bea 2100, Ann 1800, Cem 1500, bot999 999
// Cem is number 3, bot500 is number 503
// 500 to 502: 3 players
