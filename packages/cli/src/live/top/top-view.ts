import type { Key } from '../show-live.js';
import { type Selection, sortKeys } from './select-calls.js';

/** The view that the user of `top` has chosen. */
export interface TopView extends Selection {
  /** Counted from 0. The last page is shown when there are fewer. */
  readonly page: number;
  /** The filter being typed; undefined when none is. */
  readonly typing: string | undefined;
}

/** The view that `top` starts with. */
export function initialView({ sort = 'state', filter = '' }: Partial<Selection>): TopView {
  return { sort, reversed: false, filter, page: 0, typing: undefined };
}

/**
 * The view after a key, or `quit`.
 * @param pages - the number of pages on the screen
 */
export function afterKey(view: TopView, key: Key, pages: number): TopView | 'quit' {
  if (view.typing !== undefined) return viewAfterTyping(view, view.typing, key);
  if (key.ctrl || key.meta) return view;
  const page = pageAfter(key, Math.min(view.page, pages - 1), pages);
  if (page !== undefined) return { ...view, page };
  if (key.name === 'escape') return { ...view, filter: '', page: 0 };
  return viewAfterLetter(view, key.text ?? '');
}

function pageAfter({ name, text }: Key, page: number, pages: number): number | undefined {
  if (text === 'n' || name === 'right' || name === 'pagedown' || name === 'space')
    return Math.min(page + 1, pages - 1);
  if (text === 'p' || name === 'left' || name === 'pageup') return Math.max(0, page - 1);
  if (name === 'home') return 0;
  if (name === 'end') return pages - 1;
  return undefined;
}

function viewAfterLetter(view: TopView, text: string): TopView | 'quit' {
  switch (text) {
    case 'q':
    case 'Q':
      return 'quit';
    case 's':
      return { ...view, sort: next(view.sort, 1), page: 0 };
    case 'S':
      return { ...view, sort: next(view.sort, -1), page: 0 };
    case 'r':
    case 'R':
      return { ...view, reversed: !view.reversed };
    case 'f':
    case '/':
      return { ...view, typing: view.filter };
    default:
      return view;
  }
}

function viewAfterTyping(view: TopView, typing: string, { name, text, ctrl, meta }: Key): TopView {
  if (name === 'return' || name === 'enter')
    return { ...view, filter: typing.trim(), typing: undefined, page: 0 };
  if (name === 'escape') return { ...view, typing: undefined };
  if (name === 'backspace')
    return { ...view, typing: Array.from(typing).slice(0, -1).join(''), page: 0 };
  if (ctrl && name === 'u') return { ...view, typing: '', page: 0 };
  if (ctrl || meta || text === undefined || /[\p{Cc}\p{Cf}]/u.test(text)) return view;
  return { ...view, typing: `${typing}${text}`.slice(0, 256), page: 0 };
}

function next(sort: Selection['sort'], step: 1 | -1): Selection['sort'] {
  const at = sortKeys.indexOf(sort) + step;
  return sortKeys.at(at % sortKeys.length) ?? 'state';
}
