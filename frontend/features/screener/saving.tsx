"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Dialog, Popover } from "@/components/layers";
import { toast } from "@/components/toast";
import { screensAPI, unwrap } from "@/lib/api-client";
import { useCommands } from "@/lib/commands";
import { downloadText } from "@/lib/csv";
import { ApiError, getErrorMessage } from "@/lib/errors";
import { screensQuery } from "@/lib/queries";
import type { SavedScreen, ScreenQuestion } from "@/lib/types";
import { sameQuestion } from "./filters";

const FILE_KIND = "smarttrader-screen";

/** The saved screen that the URL names, whether it is gone, and whether what is on screen differs from it. */
export function useSaved(id: number | null, question: ScreenQuestion) {
  // another tab may have changed or deleted it
  const screens = useQuery({ ...screensQuery, enabled: id !== null, refetchOnWindowFocus: "always" });
  const screen = id === null ? undefined : screens.data?.find((one) => one.id === id);
  const gone = id !== null && screens.isSuccess && !screens.isFetching && screen === undefined;
  return { screen, gone, changed: screen !== undefined && !sameQuestion(screen.question, question) };
}

interface SavingProps {
  screen: SavedScreen | undefined;
  changed: boolean;
  question: ScreenQuestion;
  onSaved: (screen: SavedScreen) => void;
  onGone: () => void;
  onFile: (name: string, question: ScreenQuestion) => void;
}

/** Save, save under a name, watch, share as a link or a file, delete. */
export function Saving({ screen, changed, question, onSaved, onGone, onFile }: SavingProps) {
  const client = useQueryClient();
  const suggested = screen ? `${screen.name} 2` : "";
  const [naming, setNaming] = useState<string | null>(null); // the name that is suggested
  const [more, setMore] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: screensQuery.queryKey });
  const failed = (title: string) => (error: unknown) => {
    if (error instanceof ApiError && error.status === 409) void refresh(); // changed meanwhile: by whom, is seen then
    toast({ title, text: getErrorMessage(error), tone: "er" });
  };
  /** Of a saved screen, which another tab may have deleted. */
  const refused = (title: string) => (error: unknown, one: SavedScreen) => {
    if (!(error instanceof ApiError) || error.status !== 404) return failed(title)(error);
    onGone();
    void refresh();
    toast({ title: `${one.name} was deleted meanwhile`, text: "What is on screen stays.", tone: "wn" });
  };

  const save = useMutation({
    mutationFn: ({ id, version, name }: SavedScreen) =>
      unwrap(screensAPI.change(id, { name, version, question })),
    onSuccess: async (saved) => {
      await refresh();
      toast({ title: `${saved.name} saved`, text: `Version ${saved.version}` });
      onSaved(saved);
    },
    onError: (error, one) => {
      refused("The screen was not saved")(error, one);
      if (error instanceof ApiError && error.status === 404) setNaming(one.name);
    },
  });
  const watch = useMutation({
    mutationFn: ({ id, watching }: SavedScreen) => unwrap(screensAPI.watch(id, !watching)),
    onSuccess: async (saved) => {
      await refresh();
      toast(
        saved.watching
          ? {
              title: `Watching ${saved.name}`,
              text: "After each evening's data, who comes and who leaves is in Alerts",
            }
          : { title: `${saved.name} is no longer watched` },
      );
    },
    onError: refused("The watch was not changed"),
  });
  const remove = useMutation({
    mutationFn: async (gone: SavedScreen) => {
      await unwrap(screensAPI.remove(gone.id));
      return gone;
    },
    onSuccess: async (gone) => {
      onGone();
      await refresh();
      toast({
        title: `${gone.name} deleted`,
        action: {
          label: "Undo",
          run: () =>
            void unwrap(screensAPI.restore(gone.id))
              .then(async (back) => {
                await refresh();
                onSaved(back);
              })
              .catch(failed("It could not be brought back")),
        },
      });
    },
    onError: refused("The screen was not deleted"),
  });
  useCommands([
    {
      id: "save",
      label: "Save this screen",
      keys: "s",
      group: "This page",
      run: () => (screen && changed ? save.mutate(screen) : setNaming(suggested)),
    },
  ]);
  const act = (run: () => void) => () => {
    setMore(false);
    run();
  };
  const copyLink = () =>
    void navigator.clipboard
      .writeText(window.location.href)
      .then(() => toast({ title: "Link copied", text: "It holds the whole screen" }))
      .catch(failed("The link was not copied"));
  const download = () => {
    const name = screen?.name ?? "screen";
    const body = JSON.stringify({ kind: FILE_KIND, name, question }, null, 2);
    downloadText(`${name.replaceAll(/[^\w-]+/g, "_")}.screen.json`, `${body}\n`, "application/json");
  };
  const open = async (chosen: File | undefined) => {
    if (!chosen) return;
    try {
      const { name, question: read } = parseFile(await chosen.text());
      onFile(name, read);
    } catch (error) {
      failed(`${chosen.name} is no screen`)(error);
    }
  };
  return (
    <>
      {screen && changed ? (
        <button type="button" className="btn" disabled={save.isPending} onClick={() => save.mutate(screen)}>
          <Icon name="save" size="s" />
          Save changes
        </button>
      ) : (
        <button type="button" className="btn" onClick={() => setNaming(suggested)}>
          <Icon name="save" size="s" />
          Save as…
        </button>
      )}
      {screen && (
        <button
          type="button"
          className="btn"
          aria-pressed={screen.watching}
          disabled={watch.isPending}
          onClick={() => watch.mutate(screen)}
        >
          <Icon name="bell" size="s" />
          {screen.watching ? "Watching" : "Watch"}
        </button>
      )}
      <Popover
        label="More"
        open={more}
        onOpenChange={setMore}
        trigger={
          <button type="button" className="btn i" aria-label="More" title="More">
            <Icon name="down" size="s" />
          </button>
        }
      >
        <div className="stack g1 menu">
          {screen && (
            <button type="button" className="btn q" onClick={act(() => setNaming(suggested))}>
              Save as another screen
            </button>
          )}
          <button type="button" className="btn q" onClick={act(copyLink)}>
            Copy link
          </button>
          <button type="button" className="btn q" onClick={act(download)}>
            Download as a file
          </button>
          <label className="btn q">
            Open a file
            <input
              type="file"
              accept=".json,application/json"
              className="sr"
              onChange={(event) => {
                setMore(false);
                void open(event.target.files?.[0]);
              }}
            />
          </label>
          {screen && (
            <button type="button" className="btn q" onClick={act(() => remove.mutate(screen))}>
              Delete {screen.name}
            </button>
          )}
        </div>
      </Popover>
      <SaveDialog
        open={naming !== null}
        question={question}
        suggested={naming ?? ""}
        onClose={() => setNaming(null)}
        onSaved={async (saved) => {
          setNaming(null);
          await refresh();
          toast({ title: `${saved.name} saved` });
          onSaved(saved);
        }}
      />
    </>
  );
}

/** A screen from the text of a file. */
export function parseFile(text: string): { name: string; question: ScreenQuestion } {
  const read = JSON.parse(text) as { kind?: unknown; name?: unknown; question?: unknown };
  if (
    read.kind !== FILE_KIND ||
    typeof read.name !== "string" ||
    typeof read.question !== "object" ||
    !read.question
  )
    throw new Error(`Expected a file with "kind": "${FILE_KIND}", a name and a question.`);
  return { name: read.name, question: read.question as ScreenQuestion };
}

interface SaveDialogProps {
  open: boolean;
  question: ScreenQuestion;
  suggested: string;
  onClose: () => void;
  onSaved: (screen: SavedScreen) => void;
}

function SaveDialog({ open, question, suggested, onClose, onSaved }: SaveDialogProps) {
  return (
    <Dialog open={open} onClose={onClose} title="Save this screen">
      <SaveForm question={question} suggested={suggested} onSaved={onSaved} />
    </Dialog>
  );
}

function SaveForm({ question, suggested, onSaved }: Omit<SaveDialogProps, "open" | "onClose">) {
  const [name, setName] = useState(suggested);
  const [wrong, setWrong] = useState<string | null>(null);
  const create = useMutation({
    mutationFn: () => unwrap(screensAPI.create(name, question)),
    onSuccess: onSaved,
    onError: (error) => setWrong(error instanceof ApiError ? error.message : getErrorMessage(error)),
  });
  return (
    <form
      className="stack g3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!name.trim()) return setWrong("A name.");
        create.mutate();
      }}
    >
      <TextField
        label="Name"
        autoFocus
        maxLength={100}
        autoComplete="off"
        value={name}
        error={wrong}
        hint="The expression, the universe, the columns and the sort are saved with it; the day is not."
        onChange={(event) => {
          setName(event.target.value);
          setWrong(null);
        }}
      />
      <button type="submit" className="btn p" disabled={create.isPending}>
        Save screen
      </button>
    </form>
  );
}
