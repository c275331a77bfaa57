using System.Globalization;
using System.Net.Http.Headers;

namespace Routing.Providers.Wire;

/// <summary>What the headers of an answer say about trying again.</summary>
/// <param name="After">From now on; null: not said.</param>
/// <param name="MayRetry">A relay's <c>x-should-retry</c>; null: not said.</param>
public sealed record RetryHints(TimeSpan? After, bool? MayRetry)
{
    public static readonly RetryHints None = new(null, null);

    /// <summary>
    /// <c>retry-after-ms</c>, else <c>Retry-After</c> in seconds or as a date. A date is taken against the answer's own <c>Date</c>: what counts is
    /// the difference, whatever the provider's clock shows.
    /// </summary>
    public static RetryHints Of(HttpResponseHeaders headers, DateTimeOffset now)
    {
        var after = Number(headers, "retry-after-ms") is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds)
            : Number(headers, "Retry-After") is { } seconds ? TimeSpan.FromSeconds(seconds)
            : headers.RetryAfter?.Date is { } date ? date - (headers.Date ?? now)
            : (TimeSpan?)null;
        bool? mayRetry = First(headers, "x-should-retry") switch { "true" => true, "false" => false, _ => null };
        return new RetryHints(after < TimeSpan.Zero ? TimeSpan.Zero : after, mayRetry);
    }

    static double? Number(HttpResponseHeaders headers, string name) =>
        double.TryParse(First(headers, name), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is >= 0 and < 1e9 ? number : null;

    static string? First(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
