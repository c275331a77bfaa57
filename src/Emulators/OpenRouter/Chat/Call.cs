using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Faults;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Chat;

/// <summary>One call on its way: what is known of it so far, and its one entry in the ledger.</summary>
sealed class Call
{
    const int LongestKey = 64;

    readonly EmulatorParts parts;
    readonly string api;

    public Call(EmulatorParts parts, HttpContext context, string api)
    {
        (this.parts, Context, this.api) = (parts, context, api);
        Entry = parts.Ledger.Start();
        Id = Entry.GenerationId;
        context.Response.Headers["X-Generation-Id"] = Id;
        Name(context.Request.Headers["X-Request-Id"]);
    }

    public HttpContext Context { get; }

    public LedgerEntry Entry { get; }

    public string Id { get; }

    public Trouble Trouble { get; private set; } = Trouble.None;

    public KeyAccount? Account { get; set; }

    public CatalogModel? Model { get; set; }

    /// <summary>What went in; what came out is added when it ends.</summary>
    public TokenCounts Input { get; set; }

    public DateTimeOffset? FirstTokenAt { get; set; }

    /// <summary>Whether the caller opted in to what the router did.</summary>
    public bool WantsMetadata => Context.Request.Headers["X-OpenRouter-Metadata"] == "enabled";

    /// <summary>0 while no answer has begun.</summary>
    public int StatusSent => Context.Response.HasStarted ? Context.Response.StatusCode : 0;

    public bool IsSettled => Entry.Outcome is not null;

    public CancellationToken CallerLeft => Context.RequestAborted;

    /// <summary>Seconds since 1970, as a clock that may be wrong has them.</summary>
    public long Created => (Entry.StartedAt + Trouble.ClockOff).ToUnixTimeSeconds();

    public bool IsByok => Model is not null && parts.Options.ByokAuthors.Contains(Model.Author);

    /// <summary>Keeps what the caller calls the request; the first name counts.</summary>
    public void Name(string? key)
    {
        if (key is { Length: > 0 }) Entry.RequestKey ??= key.Length <= LongestKey ? key : key[..LongestKey];
    }

    public void MeetTrouble(Trouble trouble)
    {
        Trouble = trouble;
        if (trouble.ClockOff != TimeSpan.Zero) Context.Response.Headers.Date = (parts.Now + trouble.ClockOff).ToString("R", null);
    }

    /// <summary>Ends the call and bills it; only what is settled here is ever billed.</summary>
    /// <param name="status">Of the answer; 0: none was sent. Then, and from 400 on, nothing is billed that was not generated.</param>
    /// <param name="finish">Null: it never finished. With <c>error</c>, or with nothing generated and no finish, tokens are free.</param>
    public Charge Settle(int status, string? finish, int completion = 0, int reasoning = 0, bool isCancelled = false)
    {
        var now = parts.Now;
        var used = Input with { Completion = completion, Reasoning = reasoning };
        var isInsured = finish == "error" || (completion == 0 && finish is null && api == "completions");
        var isFree = Model is null || status >= 400 || (status == 0 && completion == 0);
        var charge = isFree ? default : Charge.Of(Model!.Pricing, used, Entry.StartedAt, IsByok, isInsured);
        var outcome = new CallOutcome(Model?.Id ?? "", Model?.Provider ?? "", status, used, charge.CostUsd, charge.UpstreamUsd, isCancelled, finish, Trouble.Name, now)
        {
            Api = api, IsByok = IsByok, FirstTokenAfter = FirstTokenAt - Entry.StartedAt, ShownAt = now + (Trouble.GenerationAfter ?? parts.Options.GenerationAppearsAfter),
            CacheDiscountUsd = charge.UpstreamUsd == 0 ? 0 : Charge.Of(Model!.Pricing, used with { Cached = 0, CacheWrite = 0 }, Entry.StartedAt).UpstreamUsd - charge.UpstreamUsd,
        };
        Account?.Add(charge.CostUsd, charge.IsByok ? charge.UpstreamUsd : 0, now);
        parts.Activity.Add(outcome, Model?.CanonicalSlug ?? "");
        parts.Ledger.End(Entry, outcome);
        return charge;
    }
}
