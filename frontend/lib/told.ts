import { barTime, count, rupees } from "./format";
import { labelOf, MEASURES } from "./measures";

const COUNTED = "sessions?|bars?|orders?|fills?|prices?|members?|instruments?|rebalances?|holdings?|points?";

/**
 * A sentence of the server as it is written everywhere: its days, rupees and counts, and measures by their names. The
 * sentence itself is stored with its run, in plain numbers and ISO dates. Reports and the terminal do the same: `plain`
 * in backend/app/services/reports/words.py.
 */
export const told = (sentence: string): string =>
  sentence
    .replace(/\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?(?![\w-])/g, (day) => barTime(day))
    .replace(/(?<![\w.])(\d+(?:\.\d+)?) rupees\b/g, (_, amount: string) => rupees(Number(amount)))
    // a holding and its value: "HDFC 123456.70 (last traded …"
    .replace(/(?<=[A-Z\d&-] )(-?\d+\.\d{2})(?= \()/g, (_, amount: string) => rupees(Number(amount)))
    .replace(/(?<![\w.])\d(?:\.\d+)?e\+\d+\b/g, (large) => count(Number(large)))
    .replace(
      /(?<![\w.,₹])(\d{5,})(\.\d+)?(?![\w.]*\w)/g,
      (_, whole: string, rest?: string) => `${count(Number(whole))}${rest ?? ""}`,
    )
    .replace(new RegExp(`\\b\\d{4}(?= (?:of [\\d,]+ )?(?:${COUNTED})\\b)`, "g"), (number) =>
      count(Number(number)),
    )
    .replace(/(?<=\d) %/g, "%")
    .replace(/(?<=\bhighest )[a-z_]+\b/g, (name) => (name in MEASURES ? inSentence(labelOf(name)) : name));

/** "Maximum drawdown" → "maximum drawdown"; names of people and abbreviations stay as they are. */
const inSentence = (label: string): string =>
  /^(?:Sharpe|Sortino|Calmar|[A-Z]{2})/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
