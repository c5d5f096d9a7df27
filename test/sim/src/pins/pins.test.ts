import test from 'ava';
import { type PinsOptions, type PinsReport, simulatePins } from './pins.js';
import { renderPins } from './pins-report.js';
import { minutesOfChanges, oneChange } from './scenarios.js';

for (const table of ['maglev', 'rendezvous'] as const) {
  for (const seed of [1, 2, 3]) {
    test(`${table}, seed ${seed}: no connection that sent a packet within the window changes its living backend`, (t) => {
      const report = simulated({ ...minutesOfChanges, table, seed }, t.log);
      t.deepEqual(report.broken, []);
      t.true(report.changes > 20 && report.connections > 3000 && report.endedWithBackend > 0);
    });
  }

  for (const change of ['add', 'drain', 'die', 'weigh'] as const) {
    test(`${table}, one of 20 backends, ${change}: no more connections are kept than the rows hold that it moves`, (t) => {
      const report = simulated({ ...oneChange(change), table, seed: 1 }, t.log);
      t.deepEqual(report.broken, []);
      t.true(report.rowsMoved > 0 && report.rowsMoved < 0.25);
      // Connections spread over rows by chance; a tenth more of them than of rows is within it.
      t.true(report.keptMost <= 1.1 * report.rowsMoved, `${report.keptMost} of ${report.rowsMoved}`);
    });
  }
}

test('without pinned rows the same churn breaks connections: the simulation can tell', (t) => {
  const report = simulated({ ...minutesOfChanges, table: 'maglev', seed: 1, pinned: false }, t.log);
  t.true(report.broken.length > 100, `${report.broken.length}`);
});

test('a window of no time breaks connections: it is the learning that keeps them', (t) => {
  const { timing, ...rest } = oneChange('add');
  const report = simulatePins({ ...rest, table: 'maglev', seed: 1, timing: { ...timing, learnMs: 0 } });
  // They sent no packet in a window of no time, so it is not promised that they stay.
  t.true(report.movedAfterSilence > 100, `${report.movedAfterSilence}`);
});

test('a seed says all: the same one gives the same run, another one another', (t) => {
  const options: PinsOptions = { ...minutesOfChanges, durationMs: 120_000, table: 'maglev', seed: 7 };
  const report = simulatePins(options);
  t.deepEqual(simulatePins(options), report);
  t.notDeepEqual(simulatePins({ ...options, seed: 8 }), report);
});

function simulated(options: PinsOptions, log: (line: string) => void): PinsReport {
  const report = simulatePins(options);
  for (const line of renderPins(options, report)) log(line);
  return report;
}
