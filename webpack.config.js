// Bundles the demo page from the built package, as an app would: `tonearm` is what npm installed, not a
// source path.

import { fileURLToPath } from 'node:url';
import HtmlWebpackPlugin from 'html-webpack-plugin';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

export default {
  mode: 'production',
  devtool: 'source-map',
  entry: { demo: at('./www/src/main.js') },
  output: { path: at('./www/dist'), filename: '[name].[contenthash:8].js', clean: true, publicPath: '' },
  module: { rules: [{ test: /\.css$/, use: ['style-loader', 'css-loader'] }] },
  plugins: [new HtmlWebpackPlugin({ template: at('./www/src/index.html') })],
  performance: { hints: false },
};
