require('fast-check').configureGlobal({ seed: Number(process.env.MEMTABLE_SEED) });
