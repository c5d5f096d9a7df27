export { ExitCode, exitCodeOf } from './exit-code.js';
export { followIpMonitor, type IpMonitorListener } from './ip-monitor.js';
export { createLogger, type LogFormat, type Logger, type LogLevel, logLevels } from './logger.js';
export { createReadiness, type Readiness } from './readiness.js';
export { aborted, listenToSignals, type Signals } from './signals.js';
export { TimeLimit } from './time-limit.js';
