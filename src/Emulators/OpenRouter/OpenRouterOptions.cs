using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;

namespace Emulators.OpenRouter;

/// <summary>How an emulated OpenRouter is set up. As it stands: a free port, any key, answers at once.</summary>
public sealed record OpenRouterOptions
{
    /// <summary>0 takes a free one. It listens on 127.0.0.1 alone.</summary>
    public int Port { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>None: any key will do, and all of them are one.</summary>
    public IReadOnlyList<EmulatedKey> Keys { get; init; } = [];

    public decimal CreditsUsd { get; init; } = 1_000_000;

    /// <summary>Whether <c>/emulator/…</c> is there, by which anybody on this machine may script its answers and read its ledger.</summary>
    public bool HasControl { get; init; } = true;

    public IReadOnlyList<Rule> Rules { get; init; } = [];

    /// <summary>Models besides the built-in ones.</summary>
    public int GeneratedModels { get; init; }

    /// <summary>Whether <c>/models</c> lists <c>emulator/fault-…</c> too; they answer either way.</summary>
    public bool ListsFaultModels { get; init; }

    public TimeSpan FirstTokenAfter { get; init; }

    /// <summary>0: as fast as the line takes them.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>How long <c>/generation</c> answers 404 after a call has ended.</summary>
    public TimeSpan GenerationAppearsAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a prompt stays in the provider's cache; what is marked for an hour stays that long.</summary>
    public TimeSpan CacheFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Shorter beginnings of prompts are not cached.</summary>
    public int LeastCachedTokens { get; init; } = 1024;

    /// <summary>Authors whose models run on the customer's own provider key, such as <c>anthropic</c>.</summary>
    public IReadOnlySet<string> ByokAuthors { get; init; } = new HashSet<string>();

    /// <summary>Whether a JSON call that the caller leaves is generated and billed to its end, as OpenRouter's documents say; else it stops like a stream.</summary>
    public bool FinishesAbandonedJson { get; init; }

    /// <summary>Entries that the ledger keeps; its sums cover all calls.</summary>
    public int LedgerCapacity { get; init; } = 1_000_000;
}
