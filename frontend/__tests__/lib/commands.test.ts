import { match, type Command } from "@/lib/commands";

const command = (id: string, keys: string): Command => ({
  id,
  label: id,
  keys,
  group: "Actions",
  run: () => undefined,
});
const commands = [
  command("screener", "g s"),
  command("theme", "t"),
  command("palette", "mod+k"),
  command("settings", "g ,"),
];
const press = (key: string, held: Partial<KeyboardEvent> = {}) => ({
  key,
  metaKey: false,
  ctrlKey: false,
  altKey: false,
  ...held,
});

test("a single key is its command", () => {
  expect(match(press("t"), null, commands).command?.id).toBe("theme");
});

test("a sequence waits for its second key", () => {
  const begun = match(press("g"), null, commands);
  expect(begun).toEqual({ pending: "g" });
  expect(match(press("s"), begun.pending, commands).command?.id).toBe("screener");
  expect(match(press("x"), begun.pending, commands)).toEqual({ pending: null });
});

test("⌘K and Ctrl K are the same, and ⌘T is not t", () => {
  expect(match(press("k", { metaKey: true }), null, commands).command?.id).toBe("palette");
  expect(match(press("k", { ctrlKey: true }), null, commands).command?.id).toBe("palette");
  expect(match(press("t", { metaKey: true }), null, commands).command).toBeUndefined();
});
