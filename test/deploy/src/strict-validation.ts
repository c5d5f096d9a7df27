/** An object as `kubectl apply` would send it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/** The class of a kind: its validator, compiled from the OpenAPI schema, says of `this` what is wrong, by throwing. */
interface Model {
  readonly prototype: { validate(this: unknown): void };
}

/**
 * What the API server would refuse in an object, with `fieldValidation=Strict`: values of the wrong type, fields that are
 * missing, and fields that are not known. The schemas themselves let unknown fields pass; a field is one when its
 * validator never looked at it.
 */
export async function problemsOf(object: KubernetesObject): Promise<readonly string[]> {
  const model = await modelOf(object);
  if (model === undefined) return [`there is no kind ${object.kind} in ${object.apiVersion}`];
  const { watched, unseen } = watchReads(object);
  const unknown = () => unseen().map((path) => `${path}: is not a known field`);
  try {
    model.prototype.validate.call(watched);
    return unknown();
  } catch (error) {
    return [(error as Error).message, ...unknown()];
  }
}

async function modelOf({ apiVersion, kind }: KubernetesObject): Promise<Model | undefined> {
  const source = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  const models = (await import(`${source}/${apiVersion}`)) as Readonly<Record<string, Model | undefined>>;
  return models[kind];
}

/** A value whose reader is watched: `unseen` are the paths of the fields that nobody has read. */
function watchReads(root: object): { readonly watched: unknown; unseen(): readonly string[] } {
  const seen = new Set<string>();
  const watch = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const see = (key: string | symbol) => seen.add(`${path}/${String(key)}`);
    return new Proxy(value, {
      get(target, key) {
        see(key);
        return watch(Reflect.get(target, key), `${path}/${String(key)}`);
      },
      // Whoever goes through all keys knows them all, as in a mapping of labels.
      ownKeys(target) {
        Reflect.ownKeys(target).forEach(see);
        return Reflect.ownKeys(target);
      },
    });
  };
  const unseenIn = (value: unknown, path: string): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, entry]) => {
      const below = `${path}/${key}`;
      return seen.has(below) ? unseenIn(entry, below) : [below];
    });
  };
  return { watched: watch(root, ''), unseen: () => unseenIn(root, '') };
}
