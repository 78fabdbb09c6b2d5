import { serveGraderThread } from '../../../../src/core/grade/graderThreadMain';

/** What the command line and the engine do in their grader thread, as a program of its own. */
serveGraderThread();
