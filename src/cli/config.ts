import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../core/base/errors';
import {
  Acceptance,
  type ConfigFile,
  describeServers,
  folderConfigName,
  readConfig,
  userConfigFolder,
} from '../core/config/configFile';
import { type ServerEntry, serverEntrySchema } from '../core/servers/serverSpec';

/**
 * What the files say: the one of the current folder over the user's own. Flags stand above both.
 * @throws SecondThoughtError `untrusted-folder` if the folder's file names servers or hosts that were not accepted
 */
export async function fileConfig(accept: boolean, folder = process.cwd()): Promise<ConfigFile> {
  const user = await readConfig(path.join(userConfigFolder(), 'config.yaml'));
  const here = await readConfig(path.join(folder, folderConfigName));
  const acceptance = new Acceptance();
  if (!(await acceptance.isAccepted(folder, here))) {
    if (!accept) throw notAccepted(here);
    await acceptance.accept(folder, here);
  }
  const servers = [...environmentServers(), ...(user.servers ?? []), ...(here.servers ?? [])];
  const dialects = [...(user.dialects ?? []), ...(here.dialects ?? [])];
  const hosts = [...(user.hosts ?? []), ...(here.hosts ?? [])];
  return { ...user, ...here, servers, dialects, hosts };
}

/** A list of servers as JSON, handed over by the VS Code window whose settings name them; keys are in other variables. */
const serversVariable = 'SECOND_THOUGHT_SERVERS';

function environmentServers(): ServerEntry[] {
  const text = process.env[serversVariable];
  if (!text) return [];
  try {
    return z.array(serverEntrySchema).parse(JSON.parse(text));
  } catch (error) {
    throw new SecondThoughtError('bad-usage', `The variable ${serversVariable} is not a JSON list of servers.`, {
      cause: error,
    });
  }
}

function notAccepted(config: ConfigFile): SecondThoughtError {
  const servers = describeServers(config).replaceAll('\n', ', ');
  return new SecondThoughtError(
    'untrusted-folder',
    `${folderConfigName} in this folder names servers or hosts that were not accepted yet (${servers}).`,
    { remedy: 'Add --accept-config once if you trust where the folder comes from.' },
  );
}
