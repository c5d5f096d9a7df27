import type { Check } from '../check.js';

/** Is the clock kept right? */
export const clock: Check = {
  name: 'clock',
  looksAt: 'whether the clock is kept right by NTP, as far as systemd knows',
  symptom: 'certificates are refused as expired or not yet valid; times in logs of different nodes do not fit',
  cure: 'keep time: `apt-get install chrony`, or `timedatectl set-ntp true`. Forwarding and leases do not depend on it',
  roles: ['node', 'backend'],
  async examine(_, host) {
    const answer = (await host.run('timedatectl', ['show', '--property=NTPSynchronized', '--value'])).trim();
    if (answer === 'yes') return [{ verdict: 'ok', found: 'synchronised' }];
    return [
      {
        verdict: 'warning',
        found: 'not synchronised',
        wanted: 'a clock that NTP keeps right',
        cure: 'install chrony, or turn on systemd-timesyncd',
        commands: ['timedatectl set-ntp true'],
      },
    ];
  },
};
