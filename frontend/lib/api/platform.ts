import type { Health, Job, JobDetail, PushBrowser, PushStatus, PushSubscriptionIn } from "../types";
import { api, result } from "./client";

export const healthAPI = {
  get: (signal?: AbortSignal) => result<Health>(api.GET("/api/health", { signal })),
};

export const jobsAPI = {
  list: (signal?: AbortSignal) => result<{ data: Job[] }>(api.GET("/api/jobs", { signal })),
  get: (id: string, signal?: AbortSignal) =>
    result<JobDetail>(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: id } }, signal })),
  cancel: (id: string) =>
    result<Job>(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: id } } })),
};

export const pushAPI = {
  status: (signal?: AbortSignal) => result<PushStatus>(api.GET("/api/push", { signal })),
  subscribe: (body: PushSubscriptionIn) => result<PushBrowser>(api.POST("/api/push/subscriptions", { body })),
  unsubscribe: (browser_id: number) =>
    result<null>(api.DELETE("/api/push/subscriptions/{browser_id}", { params: { path: { browser_id } } })),
  test: (browser_id: number) =>
    result<{ job: Job }>(
      api.POST("/api/push/subscriptions/{browser_id}/test", { params: { path: { browser_id } } }),
    ),
};
