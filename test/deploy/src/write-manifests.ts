#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { artifacts } from './chart-artifacts.js';

for (const { path, make } of artifacts) writeFileSync(path, make());
