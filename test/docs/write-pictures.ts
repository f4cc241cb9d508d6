import { writeFileSync } from "node:fs";
import { readmePictures } from "./pictures.js";

for (const [path, svg] of readmePictures()) writeFileSync(path, svg);
