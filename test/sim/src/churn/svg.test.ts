import test from 'ava';
import { svgDocument, svgElement, svgText } from './svg.js';

test('what is written into an SVG is escaped, in text and in attributes', (t) => {
  t.is(`${svgText({ x: 1 }, '<0.01 % & more')}`, '<text x="1">&lt;0.01 % &amp; more</text>');
  t.is(`${svgElement('g', { id: 'a"b' })}`, '<g id="a&quot;b"/>');
});

test('a document has a size, a name for those who cannot see it, and what it is given', (t) => {
  const text = svgDocument({ width: 10, height: 20, title: 'A & B' }, [svgText({}, 'in it')]);
  t.regex(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 10 20"[^>]*><title>A &amp; B<\/title>/);
  t.regex(text, /<text>in it<\/text>\n?<\/svg>\n$/);
});
