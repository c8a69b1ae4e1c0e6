/** Puts into a store until a put is refused, verifies the store, and prints the error. To be run under `ulimit -v`. */
import { MemStore } from '@memtable/store';

const store = new MemStore();
const value = 'v'.repeat(1000);
try {
  for (let i = 0; ; i++) store.put(String(i), value);
} catch ({ name, code, message, cause }) {
  store.verify();
  console.log(JSON.stringify({ name, code, message, cause: cause?.code, bytes: store.memoryUsage() }));
}
