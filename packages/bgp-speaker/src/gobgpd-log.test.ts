import test from 'ava';
import { reasonInLog, tailOf } from './gobgpd-log.js';

const log = `time="2026-11-21T19:41:59Z" level=info msg="Add Peer" Key=10.0.0.1 Topic=config
time="2026-11-21T19:42:06Z" level=info msg="Peer Up" Key=10.0.0.1 State=BGP_FSM_OPENCONFIRM Topic=Peer
time="2026-11-21T19:42:12Z" level=warning msg="hold timer expired" Key=10.0.0.1 State=BGP_FSM_ESTABLISHED Topic=Peer
time="2026-11-21T19:42:12Z" level=warning msg="sent notification" Code=4 Data="[]" Key=10.0.0.1 State=BGP_FSM_ESTABLISHED Subcode=0 Topic=Peer
time="2026-11-21T19:42:12Z" level=info msg="Peer Down" Key=10.0.0.1 Reason=hold-timer-expired State=BGP_FSM_ESTABLISHED Topic=Peer
time="2026-11-21T19:42:13Z" level=warning msg="sent notification" Data="as number mismatch expected 65001, received 65000" Key=10.0.0.2 Topic=Peer
`;

test('the reason of a session that ended is told in words', (t) => {
  t.is(reasonInLog(log, '10.0.0.1'), 'nothing was heard from it for the hold time');
});

test('the reason of a session that was refused is told as gobgpd has it', (t) => {
  t.is(reasonInLog(log, '10.0.0.2'), 'as number mismatch expected 65001, received 65000');
});

test('a session that is up has no reason, nor has a peer of which nothing is said', (t) => {
  const up = `${log}time="2026-11-21T19:43:00Z" level=info msg="Peer Up" Key=10.0.0.1 State=BGP_FSM_OPENCONFIRM Topic=Peer\n`;
  t.is(reasonInLog(up, '10.0.0.1'), undefined);
  t.is(reasonInLog(log, '10.0.0.3'), undefined);
});

test('a log that is not there is empty', (t) => {
  t.is(tailOf('/nonexistent/gobgpd.log'), '');
});
