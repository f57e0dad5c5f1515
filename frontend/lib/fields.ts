import { count } from "./format";
import type { FieldCard } from "./types";

/** Why a figure is empty, from the field's own card: no source yet, or too little history. */
export function whyUnknown(card: FieldCard | undefined): string {
  if (!card) return "The server does not say why";
  if (!card.available) return `${card.label} has no source yet: prices alone do not give it`;
  if (card.window > 1)
    return `${card.label} needs ${count(card.window)} sessions in a row; this stock has fewer`;
  return `${card.label} is not in the file of this session`;
}
