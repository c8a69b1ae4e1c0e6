// One seed for every random test of a run, printed first: MEMTABLE_SEED=<n> npm test repeats it.
module.exports = () => {
  process.env.MEMTABLE_SEED ??= String(Date.now() % 0x7fffffff);
  console.log(`\nMEMTABLE_SEED=${process.env.MEMTABLE_SEED}`);
};
