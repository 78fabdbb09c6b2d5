import path from 'node:path';
import { SecondThoughtError } from '../core/base/errors';
import {
  Acceptance,
  type ConfigFile,
  describeServers,
  folderConfigName,
  readConfig,
  userConfigFolder,
} from '../core/config/configFile';

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
  const servers = [...(user.servers ?? []), ...(here.servers ?? [])];
  const dialects = [...(user.dialects ?? []), ...(here.dialects ?? [])];
  const hosts = [...(user.hosts ?? []), ...(here.hosts ?? [])];
  return { ...user, ...here, servers, dialects, hosts };
}

function notAccepted(config: ConfigFile): SecondThoughtError {
  const servers = describeServers(config).replaceAll('\n', ', ');
  return new SecondThoughtError(
    'untrusted-folder',
    `${folderConfigName} in this folder names servers or hosts that were not accepted yet (${servers}).`,
    { remedy: 'Add --accept-config once if you trust where the folder comes from.' },
  );
}
