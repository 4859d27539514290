// What went wrong, in words for the user.

import { messageOf } from '../bundle/loader.ts';
import { FileRefusal, refusalText } from '../picture/refusal.ts';
import { say } from './words.ts';

/** What happened and what to do about it, in the language of the page as far as it knows it. */
export function tell(error: unknown): string {
  return error instanceof FileRefusal ? refusalText(error, say) : messageOf(error);
}
