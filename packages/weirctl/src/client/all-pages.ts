/** All entries of a list that the node gives in pages. */
export async function allPages<Page extends { readonly nextPageToken: string }, Entry>(
  read: (pageToken: string) => Promise<Page>,
  entriesOf: (page: Page) => readonly Entry[],
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let pageToken = '';
  do {
    const page = await read(pageToken);
    entries.push(...entriesOf(page));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return entries;
}
