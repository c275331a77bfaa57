using System.Collections.Concurrent;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Chat;

namespace Emulators.OpenRouter.Answers;

/// <summary>
/// Which beginnings of prompts a provider still holds. A beginning ends at a message's end. Models that price writing keep what stands
/// before a breakpoint; models that price only reading keep every prompt by themselves.
/// </summary>
sealed class PromptCache(TimeProvider time, TimeSpan keepFor, int leastTokens)
{
    const int Most = 100_000;
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    ConcurrentDictionary<ulong, long> young = new(), old = new();
    int kept;

    /// <summary>Looks up a prompt and keeps it.</summary>
    /// <returns>Tokens read from the cache, tokens written to it, and whether for an hour.</returns>
    public (int Cached, int Written, bool IsHourLong) Use(ChatRequest request, CatalogModel model)
    {
        if (model.Pricing.InputCacheReadUsd is null) return default;
        var isExplicit = model.Pricing.InputCacheWriteUsd is not null;
        var hash = new Fingerprint();
        hash.Add(model.Id);
        if (request.Tools is { } tools) hash.Add(tools.GetRawText());
        var tokens = Tokens.OfJson(request.Tools);
        int cached = 0, marked = 0;
        CacheMark? mark = null;
        var ends = new List<(ulong Hash, int Tokens)>(request.Messages.Count);
        for (var i = 0; i < request.Messages.Count; i++)
        {
            var message = request.Messages[i];
            hash.Add(message.Role);
            hash.Add(message.Text);
            tokens += Tokens.Of(message);
            ends.Add((hash.Value, tokens));
            if (tokens >= leastTokens && IsKept(hash.Value)) cached = tokens;
            if ((message.Mark ?? (i == request.Messages.Count - 1 ? request.CacheControl : null)) is { } found) (mark, marked) = (found, tokens);
        }
        if (!isExplicit) (mark, marked) = (new CacheMark(false), tokens);
        if (mark is null || marked < leastTokens) return (cached, 0, false);
        foreach (var end in ends.Where(e => e.Tokens >= leastTokens && e.Tokens <= marked)) Keep(end.Hash, isExplicit && mark.IsHourLong ? Hour : keepFor);
        return (cached, isExplicit ? Math.Max(0, marked - cached) : 0, isExplicit && mark.IsHourLong);
    }

    bool IsKept(ulong hash)
    {
        var now = time.GetUtcNow().Ticks;
        return (young.TryGetValue(hash, out var until) || old.TryGetValue(hash, out until)) && until > now;
    }

    // Two generations: when the younger is full the older is forgotten, so memory is bounded and nothing is searched.
    void Keep(ulong hash, TimeSpan span)
    {
        if (Interlocked.Increment(ref kept) > Most)
        {
            (old, young) = (young, new());
            Volatile.Write(ref kept, 0);
        }
        young[hash] = (time.GetUtcNow() + span).Ticks;
    }
}
