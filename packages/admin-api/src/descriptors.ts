import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Made by the build, of all .proto files of the API and of those that they import. */
const FILE = new URL('./descriptors.binpb', import.meta.url);

/** A google.protobuf.FileDescriptorProto, encoded, for each .proto file, those first that others import: for server reflection. */
export function fileDescriptors(): readonly Uint8Array[] {
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(FILE));
  return file.map((descriptor) => toBinary(FileDescriptorProtoSchema, descriptor));
}
