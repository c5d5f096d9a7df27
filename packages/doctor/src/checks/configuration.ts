import type { Check } from '../check.js';

/** Is weir.yaml right? */
export const configuration: Check = {
  name: 'configuration',
  looksAt: 'weir.yaml: that it is there and says nothing wrong',
  symptom: 'lb-node ends with 78 (CONFIG_INVALID, CONFIG_UNREADABLE); a change of the file is not put in force',
  cure: 'correct the fields that the message names; `weirctl config check FILE` looks again, docs/configuration.md explains each',
  roles: ['node'],
  async examine(subject) {
    if (subject.role !== 'node') return [];
    const { config, configFile, problem } = subject;
    if (config !== undefined) {
      return [{ verdict: 'ok', about: configFile, found: `valid; ${config.services.length} services in the file` }];
    }
    return [
      {
        verdict: 'fault',
        about: configFile,
        found: problem?.message ?? 'could not be read',
        wanted: 'a weir.yaml without mistakes, which this user may read',
        cure: `correct the file, then: weirctl config check ${configFile}`,
      },
    ];
  },
};
