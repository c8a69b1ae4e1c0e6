import { render } from 'preact';
import { readHash } from './model/lab.js';
import './style.css';
import { App } from './views/app.js';

await readHash(location.hash.slice(1));
addEventListener('hashchange', () => void readHash(location.hash.slice(1)));
render(<App />, document.getElementById('app')!);
