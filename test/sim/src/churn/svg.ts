/** An element as text; made by {@link svgElement} and {@link svgText} only, so what is in it is escaped. */
export type SvgElement = string & { readonly brand: unique symbol };

type Attributes = Readonly<Record<string, string | number>>;

export function svgElement(name: string, attributes: Attributes, children: readonly SvgElement[] = []): SvgElement {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(`${value}`)}"`);
  return `<${name}${written.join('')}${children.length === 0 ? '/>' : `>${children.join('')}</${name}>`}` as SvgElement;
}

export function svgText(attributes: Attributes, text: string): SvgElement {
  return svgElement('text', attributes, [escaped(text) as SvgElement]);
}

/** A whole file, on white. `title` is what is read out instead of the picture. */
export function svgDocument(
  { width, height, title }: { readonly width: number; readonly height: number; readonly title: string },
  children: readonly SvgElement[],
): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': 'system-ui, sans-serif',
  };
  const background = svgElement('rect', { width, height, fill: 'white' });
  const name = svgElement('title', {}, [escaped(title) as SvgElement]);
  return `${svgElement('svg', attributes, [name, background, ...children])
    .replaceAll('/><', '/>\n<')
    .replaceAll('</text><', '</text>\n<')}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
