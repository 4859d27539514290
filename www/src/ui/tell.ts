// What went wrong, in words for the user.

import { LoadError } from '../bundle/loader.ts';
import { FileRefusal, refusalText } from '../picture/refusal.ts';
import { say } from './words.ts';

/** What happened and what to do about it, in the language of the page as far as it knows it. */
export function tell(error: unknown): string {
  if (error instanceof FileRefusal) return refusalText(error, say);
  if (error instanceof LoadError) return `${error.message} ${error.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
