import { z } from 'zod';
import { InvalidConfigError } from './config-error.js';
import { problemsOf } from './document-problems.js';
import { type ServiceInput, serviceSchema } from './service-schema.js';
import { parseYaml } from './yaml-document.js';

/** Other sections of a weir.yaml may stand beside the services. */
const severalSchema = z.looseObject({ services: z.array(serviceSchema) });

/**
 * The services in a text, as its author wrote them: those of a weir.yaml, whole or only its section `services`, or a single
 * entry. Each is valid by itself; whether it fits to a node, that node says.
 * @param fileName  for messages
 * @throws {InvalidConfigError} with every problem that was found
 */
export function parseServices(text: string, fileName: string): readonly ServiceInput[] {
  const document = parseYaml(text);
  if (document.value === undefined) throw new InvalidConfigError(fileName, document.problems);
  const hasSeveral = typeof document.value === 'object' && document.value !== null && 'services' in document.value;
  const schema = hasSeveral ? severalSchema : serviceSchema;
  const { error } = schema.safeParse(document.value);
  const problems = (error?.issues ?? []).flatMap((issue) =>
    problemsOf(issue, document, () => z.toJSONSchema(schema, { io: 'input' })),
  );
  if (problems.length > 0) throw new InvalidConfigError(fileName, problems);
  return hasSeveral ? (document.value as { services: ServiceInput[] }).services : [document.value as ServiceInput];
}
