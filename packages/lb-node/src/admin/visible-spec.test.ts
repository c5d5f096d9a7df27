import { ServiceSpec } from '@weir/admin-api';
import test from 'ava';
import { visibleSpec } from './visible-spec.js';

test('passwords in the discovery of a service are shown to admins alone, the rest of it to all', (t) => {
  const discoveryJson = JSON.stringify({ file: { path: '/backends.json' }, of: { password: 'swordfish' } });
  const spec = ServiceSpec.fromPartial({ name: 'web', discoveryJson });
  t.is(visibleSpec(spec, 'admin').discoveryJson, discoveryJson);
  for (const role of ['viewer', 'operator'] as const) {
    const { discoveryJson: shown = '' } = visibleSpec(spec, role);
    t.false(shown.includes('swordfish'));
    t.like(JSON.parse(shown), { file: { path: '/backends.json' } });
  }
});
