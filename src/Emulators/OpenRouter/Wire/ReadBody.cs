using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Wire;

/// <summary>Reads a whole request body as JSON.</summary>
static class ReadBody
{
    /// <summary>Larger bodies are refused with 413.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 128 };

    /// <returns>The document, or why there is none.</returns>
    public static async ValueTask<(JsonDocument? Document, ErrorAnswer? Error)> ReadJsonAsync(this HttpRequest request, CancellationToken ct)
    {
        var reader = request.BodyReader;
        try
        {
            ReadResult read;
            while (!(read = await reader.ReadAsync(ct)).IsCompleted) reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            try
            {
                // A copy: a document reads from where it was parsed, and the line's buffers go to the next request.
                var bytes = read.Buffer.ToArray();
                var document = JsonDocument.Parse(bytes, Strict);
                return HasWholeTexts(bytes) ? (document, null) : (null, ErrorAnswer.Invalid("The request body holds text that is not valid Unicode."));
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
        catch (JsonException)
        {
            return (null, ErrorAnswer.Invalid("The request body is not valid JSON."));
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (null, new ErrorAnswer(413, "payload_too_large", $"The request body is larger than {MostBytes} bytes."));
        }
    }

    /// <summary>A document is parsed without a look into its texts; later, reading one that is no Unicode would throw.</summary>
    static bool HasWholeTexts(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json)) return false;
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0) return true; // no half of a pair, then
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Strict.MaxDepth });
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) _ = reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // half a pair
        }
    }
}
