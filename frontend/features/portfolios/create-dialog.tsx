"use client";

import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { TextField } from "@/components/fields";
import { Dialog } from "@/components/layers";
import { portfolioAPI } from "@/lib/api-client";
import { fieldProblems, getErrorMessage, underField } from "@/lib/errors";
import { useChange } from "./queries";

/** A name is all it takes: shares come from a file or are entered by hand on the portfolio's page. */
export function CreateDialog({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [name, setName] = useState("");
  const [client, setClient] = useState("");
  const [description, setDescription] = useState("");
  const create = useChange(portfolioAPI.createStockPortfolio, {
    quiet: true,
    done: (portfolio) => router.push(`/analyst/portfolio/?id=${portfolio.id}`),
  });
  const problem = fieldProblems(create.error).find((one) => one.field === "name");
  const refused = create.error ? (problem ? underField(problem) : getErrorMessage(create.error)) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({
      name,
      client: client.trim() || null,
      description: description.trim() || null,
      positions: [],
    });
  };
  return (
    <Dialog open onClose={onClose} title="New portfolio">
      <form className="stack g3" onSubmit={submit}>
        <TextField
          label="Name"
          value={name}
          maxLength={200}
          required
          autoFocus
          error={refused}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label="Client"
          hint="Whose it is, where you keep portfolios of many"
          value={client}
          maxLength={200}
          onChange={(event) => setClient(event.target.value)}
        />
        <TextField
          label="Description"
          value={description}
          maxLength={2000}
          onChange={(event) => setDescription(event.target.value)}
        />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Keep none
          </button>
          <button type="submit" className="btn p" disabled={create.isPending || name.trim() === ""}>
            Make portfolio
          </button>
        </div>
      </form>
    </Dialog>
  );
}
