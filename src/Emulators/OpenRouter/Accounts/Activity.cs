using System.Collections.Concurrent;
using Emulators.OpenRouter.Billing;

namespace Emulators.OpenRouter.Accounts;

/// <summary>What was used each day, by model.</summary>
sealed class Activity
{
    const int Days = 30;

    readonly ConcurrentDictionary<(DateOnly Day, string Model), ActivityRow> rows = new();

    public void Add(CallOutcome outcome, string permaslug)
    {
        if (outcome.Model.Length == 0) return;
        var today = DateOnly.FromDateTime(outcome.EndedAt.UtcDateTime);
        rows.GetOrAdd((today, outcome.Model), key =>
        {
            foreach (var old in rows.Keys.Where(k => k.Day < today.AddDays(-Days))) rows.TryRemove(old, out _); // never shown again
            return new ActivityRow(key.Day, key.Model, permaslug, outcome.Provider);
        }).Add(outcome);
    }

    /// <summary>The last thirty days that are over; today is not.</summary>
    public IEnumerable<ActivityRow> Completed(DateOnly today) =>
        rows.Values.Where(r => r.Day < today && r.Day >= today.AddDays(-Days)).OrderByDescending(r => r.Day).ThenBy(r => r.Model, StringComparer.Ordinal);
}

sealed class ActivityRow(DateOnly day, string model, string permaslug, string provider)
{
    long requests, promptTokens, completionTokens, reasoningTokens;

    public DateOnly Day => day;

    public string Model => model;

    public string Permaslug => permaslug;

    public string Provider => provider;

    public ExactSum Cost { get; } = new();

    /// <summary>What providers took on the customer's own keys.</summary>
    public ExactSum Upstream { get; } = new();

    public long Requests => Interlocked.Read(ref requests);

    public long PromptTokens => Interlocked.Read(ref promptTokens);

    public long CompletionTokens => Interlocked.Read(ref completionTokens);

    public long ReasoningTokens => Interlocked.Read(ref reasoningTokens);

    public void Add(CallOutcome outcome)
    {
        Interlocked.Increment(ref requests);
        Interlocked.Add(ref promptTokens, outcome.Tokens.Prompt);
        Interlocked.Add(ref completionTokens, outcome.Tokens.Completion);
        Interlocked.Add(ref reasoningTokens, outcome.Tokens.Reasoning);
        Cost.Add(outcome.CostUsd);
        if (outcome.IsByok) Upstream.Add(outcome.UpstreamUsd);
    }
}
