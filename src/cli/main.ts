#!/usr/bin/env node
import path from 'node:path';
import { workerData } from 'node:worker_threads';
import { Command, CommanderError } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { isGraderThread, useGraderProgram } from '../core/grade/graderThread';
import { addCache } from './cache';
import { addCompare } from './compare';
import { addConvert } from './convert';
import { addCurate } from './curate';
import { addDoctor } from './doctor';
import { addExport } from './export';
import { addForce } from './force';
import { addFork } from './fork';
import { addGrade } from './grade';
import { addHosts } from './hostsCommand';
import { addImport } from './import';
import { addJobs } from './jobs';
import { addMerge } from './merge';
import { addNotes } from './notes';
import { exitCodeOf, printError } from './output';
import { addProbe } from './probe';
import { addRun } from './run';
import { addScore } from './score';
import { addSearch } from './search';
import { addServe } from './serve';
import { addShow } from './show';
import { addStructure } from './structure';
import { version } from './version';

/** The package root: this program is `dist/cli.cjs` of it. */
const packageRoot = path.resolve(__dirname, '..');

async function main(argv: string[]): Promise<number> {
  const program = new Command('second-thought')
    .description('Budget forcing for reasoning models: think longer or stop earlier, exact by token ids.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => {} }); // errors are printed once, below, in the form that was asked for
  addForce(program, packageRoot);
  addRun(program, packageRoot);
  addMerge(program);
  addScore(program);
  addCompare(program);
  addGrade(program, packageRoot);
  addCache(program);
  addServe(program, packageRoot);
  addConvert(program, packageRoot);
  addDoctor(program, packageRoot);
  addShow(program);
  addFork(program, packageRoot);
  addProbe(program, packageRoot);
  addSearch(program);
  addNotes(program);
  addStructure(program);
  addImport(program, packageRoot);
  addExport(program, packageRoot);
  addJobs(program, packageRoot);
  addHosts(program);
  addCurate(program, packageRoot);
  try {
    if (argv.length <= 2) program.help();
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    const ours = error instanceof CommanderError ? fromCommander(error) : error;
    printError(ours, argv.includes('--json'));
    return exitCodeOf(ours);
  }
}

function fromCommander(error: CommanderError): SecondThoughtError {
  const message = error.message.replace(/^error: /, '');
  return new SecondThoughtError('bad-usage', `${message[0]?.toUpperCase()}${message.slice(1)}.`.replace('..', '.'), {
    remedy: 'Use --help to see what there is.',
    cause: error,
  });
}

// A reader that has seen enough (`| head`) closes the pipe: that ends the program, and is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

if (isGraderThread(workerData)) {
  // Loaded here only: the compute engine takes longer than most commands.
  void import('../core/grade/graderThreadMain').then(({ serveGraderThread }) => serveGraderThread());
} else {
  useGraderProgram(__filename);
  main(process.argv).then((code) => {
    process.exitCode = code;
  });
}
