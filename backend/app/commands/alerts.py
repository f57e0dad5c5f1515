"""`smarttrader alerts`: how events of watched screens are told outside of the app, and whether that works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import JsonFlag, fail, open_platform, print_json

if TYPE_CHECKING:
    from app.services.platform import Platform


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("test")(test)


def status(as_json: JsonFlag = False) -> None:
    """Where mail goes, whether notifications are set up, and which browsers are told."""
    from app.database import Market

    with open_platform() as platform, platform.database.transaction(Market.REAL) as session:
        push = platform.push
        found: dict[str, Any] = {
            "mail_to": platform.telling.recipient,
            "push": push.enabled,
            "browsers": push.browsers(session),
        }
    if as_json:
        print_json(found)
        return
    print(f"Mail: {'to ' + found['mail_to'] if found['mail_to'] else 'off, see SMARTTRADER_SMTP_URL'}")
    print(f"Notifications: {'on' if found['push'] else 'off, see SMARTTRADER_PUSH_CONTACT'}")
    for browser in found["browsers"]:
        print(f"  {browser['id']:>4}  {browser['name']}, by {browser['service']}: {_state(browser)}")


def _state(browser: dict[str, Any]) -> str:
    if browser["ended_at"] is not None:
        return f"no more since {browser['ended_at']:%Y-%m-%d}: {browser['last_failure']}"
    if browser["other_key"]:
        return "turned on with another key of this server: turn it on again in it"
    sent, failed = browser["last_success_at"], browser["last_failure_at"]
    if failed is not None and (sent is None or failed > sent):
        return f"failed {failed:%Y-%m-%d}: {browser['last_failure']}"
    return "nothing sent yet" if sent is None else f"last sent {sent:%Y-%m-%d}"


def test(
    mail: Annotated[bool, typer.Option("--mail/--no-mail", help="By mail.")] = True,
    push: Annotated[bool, typer.Option("--push/--no-push", help="To every browser that was turned on.")] = True,
) -> None:
    """Send a test message by mail and to every browser. Exit code 1 where one fails, or nothing is set up."""
    with open_platform() as platform:
        if not platform.ways:
            fail("Neither mail nor notifications are set up: see SMARTTRADER_SMTP_URL and SMARTTRADER_PUSH_CONTACT")
        failed = []
        if mail and "mail" in platform.ways:
            failed += _test_mail(platform)
        if push and "push" in platform.ways:
            failed += _test_push(platform)
    if failed:
        fail("\n".join(failed))


def _test_mail(platform: Platform) -> list[str]:
    from app.exceptions import ExternalAPIError

    try:
        platform.telling.test()
    except ExternalAPIError as error:
        return [f"Mail: {error.message}"]
    print(f"Mail: sent to {platform.telling.recipient}")
    return []


def _test_push(platform: Platform) -> list[str]:
    from app.database import Market

    with platform.database.transaction(Market.REAL) as session:
        browsers = [one for one in platform.push.browsers(session) if one["ended_at"] is None]
    if not browsers:
        print("Notifications: no browser was turned on; that is done on the page Alerts, in the browser itself")
    failed = []
    for browser in browsers:
        with platform.database.transaction(Market.REAL) as session:
            message = platform.push.write_test(session, browser["id"])
        told = platform.push.deliver(Market.REAL, only=message)
        if told["taken"]:
            print(f"{browser['name']}: sent by {browser['service']}")
        else:
            failed.append(f"{browser['name']}: {told['reason']}")
    return failed
