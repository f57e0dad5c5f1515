import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ImportForm } from "@/components/data-jobs";
import { dataAPI } from "@/lib/api-client";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { job } from "../support/wire";
import { fakeUploads } from "../support/xhr";

const file = (name: string, content: string) => new File([content], name);

async function sendFolder(started: jest.Mock) {
  fakeApi({});
  const uploads = fakeUploads();
  const { container } = renderApp(<ImportForm onStarted={started} />);
  const picker = container.querySelector('input[type="file"]') as HTMLInputElement;
  await userEvent.upload(picker, [file("a.csv", "x".repeat(1024)), file("b.csv", "x".repeat(1024))]);
  return uploads;
}

test("a folder is sent with its relative paths", async () => {
  const uploads = fakeUploads();
  const names: string[] = [];
  const appended = jest
    .spyOn(FormData.prototype, "append")
    .mockImplementation((_field: string, _value: unknown, name?: string) => void names.push(name ?? ""));
  const inFolder = file("a.csv", "x");
  Object.defineProperty(inFolder, "webkitRelativePath", { value: "nse/2024/a.csv" });
  const answer = dataAPI.importFiles([inFolder]);
  uploads.last.answer(202, { job });
  expect(await answer).toEqual({ data: { job }, error: null });
  expect(names).toEqual(["nse/2024/a.csv"]);
  appended.mockRestore();
});

test("number, size and share of what is sent are told, then the job begins", async () => {
  const started = jest.fn();
  const uploads = await sendFolder(started);
  expect(await screen.findByText("Sending 2 files")).toBeInTheDocument();
  expect(screen.getByText("0 B of 2 KB")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Import files" })).toBeDisabled();
  act(() => uploads.last.progress(512, 2048));
  expect(screen.getByRole("progressbar", { name: "Sending 2 files" })).toHaveAttribute("aria-valuenow", "25");
  act(() => uploads.last.progress(2048, 2048));
  expect(screen.getByText("2 KB sent, waiting for the job")).toBeInTheDocument();
  await act(async () => uploads.last.answer(202, { job }));
  expect(started).toHaveBeenCalledWith(job);
  expect(screen.queryByText("Sending 2 files")).not.toBeInTheDocument();
});

test("sending can be cancelled, which is no error", async () => {
  const started = jest.fn();
  await sendFolder(started);
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(await screen.findByText("Sending was cancelled. Nothing was imported.")).toBeInTheDocument();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  expect(started).not.toHaveBeenCalled();
});

test.each([
  [
    413,
    { error: { code: "PAYLOAD_TOO_LARGE", message: "The upload is over 512 MB" } },
    "The upload is over 512 MB",
  ],
  [502, "<html>", "The server answered 502 without saying why."],
])("a refusal with %p says why", async (status, body, words) => {
  const uploads = await sendFolder(jest.fn());
  await act(async () => uploads.last.answer(status, body));
  expect(await screen.findByText(words)).toBeInTheDocument();
});

test("an upload that breaks off says so", async () => {
  const uploads = await sendFolder(jest.fn());
  await act(async () => void uploads.last.dispatchEvent(new Event("error")));
  expect(await screen.findByText(/The upload broke off/)).toBeInTheDocument();
});
