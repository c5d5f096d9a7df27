import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  ScalarType,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { getComments } from '@bufbuild/protoplugin';

const PACKAGE = 'weir.admin.v1';

const HEAD = `# The admin API

The gRPC API of a node, package \`${PACKAGE}\`; [admin.md](admin.md) says where it is served, and to whom. This page is made from
the comments of packages/admin-api/proto: \`WEIR_UPDATE_DOCS=1 npm test\` in packages/admin-api writes it.

Besides these services a node answers \`grpc.health.v1.Health\` and server reflection (\`v1\` and \`v1alpha\`), so that a generic
client needs no .proto file.

An error has a \`google.rpc.ErrorInfo\` in \`grpc-status-details-bin\`, with the domain \`weir\` and a reason for programs, such as
\`NOT_FOUND\` or \`ROLE_REQUIRED\`; INVALID_ARGUMENT has a \`google.rpc.BadRequest\` with the path of each wrong field.
`;

/**
 * docs/api.md: services and methods, then messages and enumerations, with their comments.
 * @param image  encoded google.protobuf.FileDescriptorSet, with comments
 */
export function apiDocument(image: Uint8Array): string {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const files = [...registry.files]
    .filter((file) => file.proto.package === PACKAGE)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${[HEAD.trimEnd(), ...files.map(fileSection)].join('\n\n')}\n`;
}

function fileSection(file: DescFile): string {
  const messages = file.messages.filter((message) => message.fields.length > 0);
  return [...file.services.map(serviceSection), ...messages.map(messageSection), ...file.enums.map(enumSection)].join(
    '\n\n',
  );
}

function serviceSection(service: DescService): string {
  return [`## ${service.name}`, ...comment(service), ...service.methods.map(methodSection)].join('\n\n');
}

function methodSection(method: DescMethod): string {
  const isStream = method.methodKind === 'server_streaming';
  const answer = `${isStream ? 'stream of ' : ''}${messageLink(method.output)}`;
  return [
    `### ${method.parent.name}.${method.name}`,
    `${messageLink(method.input)} → ${answer}`,
    ...comment(method),
  ].join('\n\n');
}

function messageSection(message: DescMessage): string {
  const rows = message.fields.map((field) => [
    `\`${field.jsonName}\`${field.oneof === undefined ? '' : ` (one of \`${field.oneof.name}\`)`}`,
    typeText(field),
    comment(field).join(' ').replaceAll('\n', ' '),
  ]);
  return [`### ${message.name}`, ...comment(message), table(['Field', 'Type', ''], rows)].join('\n\n');
}

function enumSection(enumeration: DescEnum): string {
  const rows = enumeration.values.map((value) => [
    `\`${value.name}\``,
    String(value.number),
    comment(value).join(' ').replaceAll('\n', ' '),
  ]);
  return [`### ${enumeration.name}`, ...comment(enumeration), table(['Name', 'Number', ''], rows)].join('\n\n');
}

/** Without the columns that have nothing in them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head.map((_, column) => column).filter((column) => rows.some((row) => row[column] !== ''));
  const line = (row: readonly string[]) =>
    `| ${used.map((column) => (row[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(head), `|${used.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function typeText(field: DescField): string {
  switch (field.fieldKind) {
    case 'list':
      return `list of ${field.listKind === 'scalar' ? scalarText(field.scalar) : link(field.message ?? field.enum)}`;
    case 'map':
      return `map of ${scalarText(field.mapKey)} to ${field.mapKind === 'scalar' ? scalarText(field.scalar) : link(field.message ?? field.enum)}`;
    case 'scalar':
      return `${isOptional(field) ? 'optional ' : ''}${scalarText(field.scalar)}`;
    default:
      return link(field.message ?? field.enum);
  }
}

function isOptional({ proto }: DescField): boolean {
  return proto.proto3Optional;
}

function scalarText(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

function messageLink(message: DescMessage): string {
  return message.fields.length === 0 ? `\`${message.name}\` (empty)` : link(message);
}

function link(type: DescMessage | DescEnum | undefined): string {
  if (type === undefined) return '';
  return type.file.proto.package === PACKAGE
    ? `[${type.name}](#${type.name.toLowerCase()})`
    : `[${type.typeName}](https://protobuf.dev/reference/protobuf/google.protobuf/)`;
}

type Described = Parameters<typeof getComments>[0];

/** The comment that stands before it; none: an empty list. */
function comment(of: Described): readonly string[] {
  const { leading = '', trailing = '' } = getComments(of);
  const text = `${leading}${trailing}`
    .split('\n')
    .map((line) => line.replace(/^ /, '').trimEnd())
    .join('\n')
    .trim();
  return text === '' ? [] : [text];
}
