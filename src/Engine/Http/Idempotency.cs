using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Engine.Access;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Engine.Http;

/// <summary>
/// Makes a creating request safe to send again: with an <c>Idempotency-Key</c> its answer is stored in the transaction of
/// what it created, and a repetition within a day gets that answer instead of a second effect.
/// </summary>
public sealed class Idempotency(NpgsqlDataSource database, TimeProvider time)
{
    const int MaxKeyLength = 200;

    /// <param name="request">The bound request body: the same key with another request is refused.</param>
    /// <param name="create">Creates and answers, or refuses; runs inside the transaction and may run for nothing if that fails.</param>
    /// <param name="stored">What of the answer may be kept: strips secrets that are shown once.</param>
    public async Task<Answer<T>> RunAsync<T>(HttpContext http, object request,
        Func<NpgsqlConnection, NpgsqlTransaction, Task<Answer<T>>> create, CancellationToken ct, Func<T, T>? stored = null) where T : class
    {
        var key = http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > MaxKeyLength)
            return Refusal.Invalid($"Idempotency-Key must have at most {MaxKeyLength} characters, has {key.Length}.");

        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var row = key.Length == 0 ? null : new KeyRow(http.User.Caller().Id, key, Fingerprint(http, request), time.GetUtcNow());
        if (row is not null && await FindAsync(connection, transaction, row, ct) is { } earlier)
        {
            if (!CryptographicOperations.FixedTimeEquals(earlier.RequestSha256, row.RequestSha256))
                return Refusal.Of("idempotency_key_reused",
                    "This Idempotency-Key was used for another request; take a new one.", StatusCodes.Status422UnprocessableEntity);
            http.Response.Headers["Idempotency-Replayed"] = "true";
            return JsonSerializer.Deserialize<T>(earlier.Body, EngineJson.Options)!;
        }

        var answer = await create(connection, transaction);
        if (answer.Value is not { } value) return answer; // refused: the transaction goes back, the key stays free
        if (row is not null)
            await connection.ExecuteAsync(new CommandDefinition("""
                insert into idempotency_keys (caller, key, request_sha256, body, created_at)
                values (@Caller, @Key, @RequestSha256, @body::jsonb, @CreatedAt)
                """, new
            {
                row.Caller, row.Key, row.RequestSha256, row.CreatedAt,
                body = JsonSerializer.Serialize(stored is null ? value : stored(value), EngineJson.Options),
            }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        return answer;
    }

    /// <summary>Waits until nobody else is at work on the same key, then looks it up.</summary>
    static async Task<StoredAnswer?> FindAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, KeyRow row, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            "select pg_advisory_xact_lock(hashtextextended(@Caller || ' ' || @Key, 0))", row, transaction, cancellationToken: ct));
        return await connection.QuerySingleOrDefaultAsync<StoredAnswer>(new CommandDefinition(
            "select request_sha256, body::text as body from idempotency_keys where caller = @Caller and key = @Key",
            row, transaction, cancellationToken: ct));
    }

    static byte[] Fingerprint(HttpContext http, object request) => SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{http.Request.Method} {http.Request.Path} {JsonSerializer.Serialize(request, request.GetType(), EngineJson.Options)}"));

    sealed record KeyRow(string Caller, string Key, byte[] RequestSha256, DateTimeOffset CreatedAt);

    sealed record StoredAnswer(byte[] RequestSha256, string Body);
}

/// <summary>A value or a refusal, never both.</summary>
public sealed record Answer<T>(T? Value, ProblemHttpResult? Refusal) where T : class
{
    public static implicit operator Answer<T>(T value) => new(value, null);
    public static implicit operator Answer<T>(ProblemHttpResult refusal) => new(null, refusal);
}
