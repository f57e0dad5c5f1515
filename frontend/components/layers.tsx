"use client";

import { Dialog as Radix, Popover as RadixPopover } from "radix-ui";
import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "@/components/icon";
import { useCommands } from "@/lib/commands";
import { usePhone } from "@/lib/use-media";

interface LayerProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
}

/** A modal: its title is a question or a name, its buttons are verbs. Focus returns to where it came from. */
export function Dialog({
  open,
  onClose,
  title,
  children,
  footer,
  wide,
}: LayerProps & { footer?: ReactNode; wide?: boolean }) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className={`dialog mid ${wide ? "wide" : ""}`} aria-describedby={undefined}>
          <div className="row between">
            <Radix.Title className="dialog-h">{title}</Radix.Title>
            <Radix.Close className="btn q i" aria-label="Close" style={{ marginRight: 8, marginTop: 8 }}>
              <Icon name="x" size="s" />
            </Radix.Close>
          </div>
          <div className="dialog-b">{children}</div>
          {footer && <div className="dialog-f">{footer}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Bottom sheet for a phone: filters, the More tab. */
export function Sheet({ open, onClose, title, children, footer }: LayerProps & { footer?: ReactNode }) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className="sheet" aria-describedby={undefined}>
          <i className="grab" />
          <div className="row between" style={{ padding: "4px 8px 4px 16px" }}>
            <Radix.Title className="sb md">{title}</Radix.Title>
            <Radix.Close className="btn q i" aria-label="Close">
              <Icon name="x" size="s" />
            </Radix.Close>
          </div>
          <div className="sheet-b">{children}</div>
          {footer && <div style={{ padding: "12px 16px 16px" }}>{footer}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/**
 * Beside the page and without dimming it, so that j, k and Space go on in the list behind. On a phone the same content is a bottom
 * sheet that takes the focus.
 */
export function Drawer({ open, onClose, title, children, actions }: LayerProps & { actions?: ReactNode }) {
  const phone = usePhone();
  if (!open) return null;
  return <OpenDrawer {...{ onClose, title, children, actions, phone }} />;
}

function OpenDrawer({
  onClose,
  title,
  children,
  actions,
  phone,
}: Omit<LayerProps, "open"> & { actions?: ReactNode; phone: boolean }) {
  const opener = useRef<Element | null>(null);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    opener.current = document.activeElement;
    if (phone) panel.current?.focus();
    return () => {
      if (phone && opener.current instanceof HTMLElement) opener.current.focus();
    };
  }, [phone]);
  useCommands([
    {
      id: "close-drawer",
      label: "Close the drawer",
      keys: "Escape",
      group: "This page",
      hidden: true,
      run: onClose,
    },
  ]);
  return (
    <aside ref={panel} className="drawer" role="complementary" aria-label={title} tabIndex={-1}>
      <i className="grab" />
      <div className="drawer-h">
        <h2 className="trunc grow">{title}</h2>
        {actions}
        <button type="button" className="btn q i" aria-label="Close" title="Close (Esc)" onClick={onClose}>
          <Icon name="x" size="s" />
        </button>
      </div>
      <div className="drawer-b" tabIndex={0} role="region" aria-label={`${title}, content`}>
        {children}
      </div>
    </aside>
  );
}

export function Popover({
  trigger,
  label,
  className = "",
  children,
  open,
  onOpenChange,
}: {
  trigger: ReactNode;
  label: string;
  className?: string;
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  return (
    <RadixPopover.Root open={open} onOpenChange={onOpenChange}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          className={`popc ${className}`}
          aria-label={label}
          align="end"
          sideOffset={6}
          collisionPadding={8}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}
