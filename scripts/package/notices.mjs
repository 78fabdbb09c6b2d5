// @ts-check
import fs from 'node:fs';
import path from 'node:path';

const licenceFile = /^(licen[cs]e|copying|notice)([-.].*)?$/i;

/**
 * Names, versions and licence texts of all packages that files are from.
 * @param {string[]} folders of packages, absolute
 * @param {string} more texts for what is inside of binaries
 */
export function notices(folders, more) {
  const packages = new Map();
  for (const folder of folders) {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    packages.set(`${manifest.name} ${manifest.version}`, licenceOf(folder, manifest));
  }
  const sections = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, text]) => `${title}\n\n${text}`);
  const head = 'Second Thought contains the following software of others.';
  return [head, ...sections, more.trim()].join(`\n\n${'-'.repeat(80)}\n\n`).concat('\n');
}

/**
 * @param {string} folder
 * @param {{ name: string, license?: string, author?: string | { name?: string } }} manifest
 */
function licenceOf(folder, { name, license, author }) {
  const texts = fs.readdirSync(folder).filter((file) => licenceFile.test(file));
  if (texts.length > 0)
    return texts.map((file) => fs.readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n');
  // Some packages only name their licence; what it says has to be there all the same.
  if (license !== 'MIT') throw new Error(`${name} has no licence text (${license}): it cannot ship`);
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  return mit(holder.replace(/ *<.*>/, ''));
}

/** @param {string} holder */
function mit(holder) {
  return `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES
OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR
IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}

/** The package folders that files are in, the innermost ones. @param {string[]} files relative to the checkout */
export function packageFolders(files) {
  const inPackage = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
  return [...new Set(files.flatMap((file) => inPackage.exec(file)?.[1] ?? []))];
}
