using System.Buffers;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Faults;

/// <summary>Sends a JSON document through whatever befalls it on its way.</summary>
static class FaultyBody
{
    /// <summary>What comes before the work: silence, headers alone.</summary>
    public static async Task OpenAsync(HttpContext context, Trouble trouble, TimeProvider time)
    {
        if (trouble.Silence == Silence.None) return;
        if (trouble.Silence == Silence.AfterHeaders)
        {
            context.Response.ContentType ??= "application/json";
            await context.Response.StartAsync(context.RequestAborted);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        await Task.Delay(trouble.Hold ?? Timeout.InfiniteTimeSpan, time, context.RequestAborted);
    }

    /// <returns>Whether something came in the place of any answer.</returns>
    public static async Task<bool> ReplaceAsync(HttpContext context, Trouble trouble)
    {
        if (trouble.Body == StrangeBody.None) return false;
        var (status, type, text) = trouble.Body switch
        {
            StrangeBody.HtmlGateway => (502, "text/html; charset=UTF-8", "<!DOCTYPE html>\n<html><head><title>502: Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>\n"),
            StrangeBody.HtmlPage => (200, "text/html; charset=UTF-8", "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>\n"),
            StrangeBody.Garbage => (200, "application/json", "}{\u0001 this was never JSON ]["),
            _ => (200, "application/json", ""),
        };
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
        return true;
    }

    public static async Task SendAsync(HttpContext context, Trouble trouble, ReadOnlyMemory<byte> json, TimeProvider time)
    {
        if (trouble is { Ending: Ending.Whole, IsPadded: false, HasMalformedFrame: false } && !context.Response.HasStarted)
        {
            await context.SendJsonAsync(json);
            return;
        }
        var output = context.Response.BodyWriter;
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/json";
            if (trouble.Ending is Ending.Reset or Ending.Close) context.Response.ContentLength = json.Length; // promised, and not kept
        }
        if (trouble.IsPadded) output.Write("\n         \n\n         \n"u8);
        if (trouble.HasMalformedFrame || trouble.Ending == Ending.Unfinished) json = json[..(json.Length / 2)];
        if (trouble.Ending is Ending.Whole or Ending.Unfinished)
        {
            await output.WriteAsync(json, context.RequestAborted);
            return;
        }
        output.Write(json.Span[..(json.Length / 2)]);
        if (trouble.Ending == Ending.Reset) await CutConnection.ResetAsync(context);
        else if (trouble.Ending == Ending.Close) await CutConnection.CloseAsync(context);
        else await StallAsync(context, trouble, json[(json.Length / 2)..], time);
    }

    static async Task StallAsync(HttpContext context, Trouble trouble, ReadOnlyMemory<byte> rest, TimeProvider time)
    {
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        await Task.Delay(trouble.Hold ?? Timeout.InfiniteTimeSpan, time, context.RequestAborted);
        await context.Response.BodyWriter.WriteAsync(rest, context.RequestAborted);
    }
}
