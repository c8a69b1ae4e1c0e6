/**
 * A cache of pages in front of something slow: a bound on its memory, a lifetime, and the pages that are read stay.
 *
 * The clock is a variable here. Leave the option `clock` out for that of the computer.
 */
import { CacheStore } from '@memtable/store/cache';

let now = 0;
let rendered = 0;
const gone = { expired: 0, full: 0 };

const cache = new CacheStore({
  maxBytes: 1 << 20,
  ttlMs: 60_000,
  clock: () => now,
  onEvict: (_, reason) => gone[reason]++,
});

/** The slow part. */
function render(path: string): string {
  rendered++;
  return `<title>${path}</title>${'.'.repeat(500)}`;
}

function page(path: string): string {
  const cached = cache.get(path);
  if (cached !== undefined) return cached;
  const html = render(path);
  // News grow old sooner.
  if (path.startsWith('/news')) cache.put(path, html, { ttlMs: 1000 });
  else cache.put(path, html);
  return html;
}

page('/home');
page('/home');
page('/news');
console.log(`rendered ${rendered} pages for 3 visits`);

now = 1000;
page('/home');
page('/news');
console.log(`a second later ${rendered}: only the news again`);

rendered = 0;
for (let i = 0; i < 5000; i++) {
  page(`/article/${i}`);
  page('/home');
}
console.log(`rendered ${rendered} pages for 10000 visits, evicted some: ${gone.full > 3000}`);
console.log(`below a MiB: ${cache.memoryUsage() < 1 << 20}; last article there: ${cache.has('/article/4999')}`);

// Prints:
// rendered 2 pages for 3 visits
// a second later 3: only the news again
// rendered 5000 pages for 10000 visits, evicted some: true
// below a MiB: true; last article there: true
