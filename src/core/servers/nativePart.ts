/** What decides whether llama.cpp's prebuilt binaries run: facts of a machine, so that any machine can be judged in a test. */
export interface MachineFacts {
  platform: NodeJS.Platform;
  arch: string;
  /** Version of the C library, on Linux; null where it is not glibc (musl). */
  glibc: string | null;
}

/** The binaries of node-llama-cpp 3.21 ask for symbols of this version. */
const oldestGlibc = '2.34';

/** Platforms whose binaries `package.json` lets npm install. */
const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** Why llama.cpp cannot run on such a machine, as one sentence; null if nothing speaks against it. */
export function whyNotOn({ platform, arch, glibc }: MachineFacts): string | null {
  if (!platforms.includes(`${platform}-${arch}`)) {
    return `The bundled model does not run on ${platform}-${arch}: llama.cpp has binaries for ${platforms.join(', ')}.`;
  }
  if (platform !== 'linux') return null;
  if (glibc === null) {
    return `The bundled model needs a Linux with glibc ${oldestGlibc} or newer: this one has another C library, such as musl.`;
  }
  if (isOlder(glibc, oldestGlibc)) {
    return `The bundled model needs glibc ${oldestGlibc} or newer: this Linux has ${glibc}.`;
  }
  return null;
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = than.split('.').map(Number);
  return major === leastMajor ? minor < leastMinor : major < leastMajor;
}

/** The machine this runs on. */
export function thisMachine(): MachineFacts {
  const { platform, arch } = process;
  return { platform, arch, glibc: platform === 'linux' ? glibcVersion() : null };
}

/** The report of Node names the glibc it runs on, and none on musl. */
function glibcVersion(): string | null {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true; // it would look up the names of all peers
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (before !== undefined) report.excludeNetwork = before;
  return header?.glibcVersionRuntime ?? null;
}
