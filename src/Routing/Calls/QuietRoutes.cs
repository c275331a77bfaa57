using System.Collections.Concurrent;

namespace Routing.Calls;

/// <summary>Models that have answered with a <c>Retry-After</c>: no request of this process calls them before.</summary>
public sealed class QuietRoutes
{
    readonly ConcurrentDictionary<(string Provider, string Slug), DateTimeOffset> quiet = [];

    public void Ask((string Provider, string Slug) route, DateTimeOffset notBefore) => quiet.AddOrUpdate(route, notBefore, (_, known) => known > notBefore ? known : notBefore);

    /// <returns>Null: it may be called.</returns>
    public DateTimeOffset? Until((string Provider, string Slug) route, DateTimeOffset now)
    {
        if (quiet.IsEmpty || !quiet.TryGetValue(route, out var notBefore)) return null;
        if (notBefore > now) return notBefore;
        quiet.TryRemove(KeyValuePair.Create(route, notBefore));
        return null;
    }
}
