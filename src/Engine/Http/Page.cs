using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Http;

/// <summary>One page of a list.</summary>
/// <param name="NextPageToken">What to send as <c>page_token</c> for the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);

/// <summary>Which page of a list is asked for. A token names the last row that was seen, so rows that come and go shift nothing.</summary>
/// <param name="Limit">Rows on a page, 1 to 200.</param>
/// <param name="After">The sort key of the last row of the page before, as texts; empty on the first page.</param>
/// <param name="Query">The list and its filters: a token of another query is refused.</param>
public sealed record PageRequest(int Limit, IReadOnlyList<string> After, string Query)
{
    const int DefaultLimit = 50;
    const int MaxLimit = 200;
    const int MaxTokenLength = 2000;

    public bool IsFirst => After.Count == 0;

    /// <param name="keys">How many texts the list's sort key has.</param>
    /// <returns>Null and the page, or why it is refused.</returns>
    public static ProblemHttpResult? Read(string? pageToken, int? limit, string query, int keys, out PageRequest page)
    {
        page = new PageRequest(limit ?? DefaultLimit, [], query);
        if (page.Limit is < 1 or > MaxLimit) return Refusal.Invalid($"limit must be from 1 to {MaxLimit}, is {page.Limit}.");
        if (string.IsNullOrEmpty(pageToken)) return null;
        if (Decode(pageToken) is not [var mark, .. var after] || after.Length != keys)
            return NotOurs();
        if (mark != Mark(query))
            return Refusal.Of("page_token_mismatch",
                "page_token belongs to another list or to other filters; start again without it.", StatusCodes.Status400BadRequest);
        page = page with { After = after };
        return null;
    }

    /// <summary>The sort key of a list that is ordered by time, then id.</summary>
    public static string[] Key(DateTimeOffset time, Guid id) => [time.UtcDateTime.ToString("O"), id.ToString()];

    /// <param name="after">What <see cref="Key"/> made of the last row of the page before; null on the first page.</param>
    /// <returns>Null, or the refusal of a token that holds no such key.</returns>
    public ProblemHttpResult? ReadKey(out (DateTimeOffset Time, Guid Id)? after)
    {
        after = null;
        if (IsFirst) return null;
        if (!DateTimeOffset.TryParseExact(After[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) || !Guid.TryParse(After[1], out var id))
            return NotOurs();
        after = (time.ToUniversalTime(), id);
        return null;
    }

    /// <summary>For a token whose texts are not a sort key of the list it is sent to.</summary>
    public static ProblemHttpResult NotOurs() =>
        Refusal.Of("page_token_invalid", "page_token is not one that this engine gave out.", StatusCodes.Status400BadRequest);

    /// <param name="rows">Up to <see cref="Limit"/> + 1 rows: one more than the page tells that there is a next one.</param>
    /// <param name="key">The sort key of a row, as texts.</param>
    /// <param name="triedTo">Where the search goes on, when it stopped before the page was full; null when it did not.</param>
    public Page<T> Of<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> map, Func<TRow, string[]> key, string[]? triedTo = null)
    {
        var shown = rows.Take(Limit).ToArray();
        var next = (rows.Count > Limit ? key(shown[^1]) : triedTo) is { } last ? Encode([Mark(Query), .. last]) : null;
        return new Page<T>([.. shown.Select(map)], next);
    }

    static string Mark(string query) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(query)).AsSpan(0, 6));

    static string Encode(string[] parts) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(parts));

    static string[]? Decode(string token)
    {
        if (token.Length > MaxTokenLength || !Base64Url.IsValid(token)) return null;
        try
        {
            return JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(token)) is { } parts && Array.TrueForAll(parts, p => p is not null)
                ? parts : null;
        }
        catch (JsonException)
        {
            return null; // the caller refuses it
        }
    }
}
