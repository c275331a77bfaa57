using System.Buffers;
using System.IO.Pipelines;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Faults;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Chat;

/// <summary>Puts events on the wire, in whatever form the call's trouble wants.</summary>
sealed class Frames(HttpContext context, Trouble trouble, ulong seed)
{
    const int FlushAfterBytes = 16 * 1024, InABatch = 4, LongestPiece = 7;

    static readonly byte[] Data = "data: "u8.ToArray(), Event = "event: "u8.ToArray(), Comment = ": "u8.ToArray();
    static readonly byte[] Processing = "OPENROUTER PROCESSING"u8.ToArray(), Done = "[DONE]"u8.ToArray();

    readonly PipeWriter output = context.Response.BodyWriter;
    readonly byte[] lineEnd = trouble.HasCrlf ? "\r\n"u8.ToArray() : "\n"u8.ToArray();
    Chance chance = new(seed);
    int waiting;

    public async ValueTask DataAsync(ReadOnlyMemory<byte> json, CancellationToken ct)
    {
        if (trouble.HasComments) await CommentAsync(ct);
        await SendAsync(Data, json, isEvent: true, ct);
    }

    public async ValueTask EventAsync(string name, ReadOnlyMemory<byte> json, CancellationToken ct)
    {
        await SendAsync(Event, System.Text.Encoding.UTF8.GetBytes(name), isEvent: false, ct);
        await SendAsync(Data, json, isEvent: true, ct);
    }

    public ValueTask CommentAsync(CancellationToken ct) => SendAsync(Comment, Processing, isEvent: true, ct);

    public ValueTask DoneAsync(CancellationToken ct) => SendAsync(Data, Done, isEvent: true, ct);

    /// <summary>The first half of a frame, and no more of it.</summary>
    public async ValueTask HalfAsync(ReadOnlyMemory<byte> json, CancellationToken ct)
    {
        output.Write("data: "u8);
        output.Write(json.Span[..(json.Length / 2)]);
        await FlushAsync(ct);
    }

    public async ValueTask FlushAsync(CancellationToken ct)
    {
        waiting = 0;
        await output.FlushAsync(ct);
        ct.ThrowIfCancellationRequested();
    }

    async ValueTask SendAsync(ReadOnlyMemory<byte> field, ReadOnlyMemory<byte> value, bool isEvent, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        await WriteAsync(field, ct);
        await WriteAsync(value, ct);
        await WriteAsync(lineEnd, ct);
        if (!isEvent) return;
        await WriteAsync(lineEnd, ct);
        if (trouble.IsBatched ? ++waiting >= InABatch : output.UnflushedBytes >= FlushAfterBytes) await FlushAsync(ct);
    }

    async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (!trouble.IsSplit)
        {
            output.Write(bytes.Span);
            return;
        }
        while (bytes.Length > 0)
        {
            var length = Math.Min(1 + chance.Below(LongestPiece), bytes.Length);
            output.Write(bytes.Span[..length]);
            await FlushAsync(ct);
            bytes = bytes[length..];
        }
    }
}
