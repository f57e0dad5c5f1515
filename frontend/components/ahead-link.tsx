"use client";

import Link from "next/link";
import type { ComponentProps } from "react";
import { useSettled } from "@/lib/use-settled";

/** A link whose page is fetched ahead, but not before the page that it stands on has been drawn. */
export function AheadLink(props: ComponentProps<typeof Link>) {
  return <Link {...props} prefetch={useSettled() ? undefined : false} />;
}
